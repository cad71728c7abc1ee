"""The template: its pages, their charts, names and macros.

How to write a page, so that it comes out like the others:

1. `book.page(name, title, sentence)`, then `blocks.grid(page)`: a label, nine columns of numbers, a
   gap, charts. A title or any text that begins with "=" is live.
2. `page.section(row, text)` heads each part; a printed page may begin there.
3. `blocks.lines(page, row, block)` writes `Line`s: label, value, second way, "agrees", note. It
   returns the next row. `page.spill` writes what fills several cells: give its true shape.
4. `page.formula` decides by itself what must be an array. Define names of one cell (`book.name`)
   before formulas that use them; a name not yet known counts as several cells.
5. Heights follow from the texts in `blocks.note` and `blocks.paragraph`; set others by
   `page.height`, widths by `page.widths`, never on `page.sheet`: charts and printing count them.
6. `charts.scatter`, `lines` and `columns` at `(3, CHART_COLUMN)`: one after another they stand
   below one another. A title that begins with "=" follows the inputs. Colours are those of what is
   drawn: `styles.ASSET`, `MARKET`, `OWN`.
7. What only charts need goes to `blocks.BEHIND_COLUMN`, headed by `blocks.behind_charts`.
8. Numbers in texts by ROUND, FIXED or `pages_sizing.dollars`: TEXT's formats vary with language.
9. At the end `page.freeze(3)` and `page.print_setup(last_row, blocks.LAST_COLUMN)`: the printed
   area takes the charts in and is cut between sections; long tables give `repeat` instead.
10. Add it to `build.PAGES`, to `pages_start.STEPS` and to docs/template.md, then
    `nox -s template pictures`.
"""
