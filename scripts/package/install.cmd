@echo off
rem Installs factor-udfs for this Windows user, without administrator rights: double-click it, or
rem type  install.cmd FOLDER  to have the Python environment in another folder.
setlocal EnableExtensions DisableDelayedExpansion
title factor-udfs @VERSION@
set "HERE=%~dp0"
set "TARGET=%~f1"
if "%~1"=="" set "TARGET=%LOCALAPPDATA%\factor-udfs"
set "VENV=%TARGET%\venv"
set "PYTHON=%VENV%\Scripts\python.exe"
set "WHEEL=%HERE%factor_udfs-@VERSION@-py3-none-any.whl"
set "ADDIN=%HERE%factor_udfs.xlam"
rem pip must install into the environment, whatever the user's own settings say.
set "PIP_USER=0"
rem Python's install manager must not fetch a version that is only looked for.
set "PYTHON_MANAGER_AUTOMATIC_INSTALL=false"

if not exist "%WHEEL%" goto not_unpacked
if not exist "%ADDIN%" goto not_unpacked
if "%TARGET%"=="\factor-udfs" goto no_target
"%SystemRoot%\System32\tasklist.exe" /FI "IMAGENAME eq EXCEL.EXE" 2>nul | "%SystemRoot%\System32\find.exe" /I "EXCEL.EXE" >nul
if %ERRORLEVEL%==0 goto excel_is_open

set "FOUND="
set "UNFIT="
for %%V in (3.14 3.13 3.12 3.11) do call :look_for %%V
if defined FOUND goto install
if "%UNFIT%"=="store" goto store_python
if "%UNFIT%"=="32-bit" goto python_of_32_bits
goto no_python

:install
echo Python %FOUND% is found. Making its environment in "%VENV%"
py -%FOUND% -I -m venv --clear "%VENV%"
if not %ERRORLEVEL%==0 goto no_environment
echo Installing factor-udfs and the packages it needs. This takes a few minutes.
"%PYTHON%" -I -m pip --disable-pip-version-check --no-input install "%WHEEL%"
if not %ERRORLEVEL%==0 goto no_packages
"%PYTHON%" -I -m factor_core install --addin "%ADDIN%"
if not %ERRORLEVEL%==0 goto no_addin
"%PYTHON%" -I -m factor_core doctor
if not %ERRORLEVEL%==0 goto doctor_found
echo.
echo factor-udfs is installed. Start Excel and open workbook_template.xlsm from this folder.
pause
exit /b 0

:look_for
if defined FOUND exit /b 0
py -%1 -I -c "import sys; sys.exit(8 if 'windowsapps' in sys.base_prefix.lower() else 9 if sys.maxsize < 2**32 else 0)" >nul 2>nul
set "ANSWER=%ERRORLEVEL%"
if "%ANSWER%"=="0" set "FOUND=%1"
if "%ANSWER%"=="8" set "UNFIT=store"
if "%ANSWER%"=="9" if not defined UNFIT set "UNFIT=32-bit"
exit /b 0

:not_unpacked
set "WHY=Files are missing beside install.cmd: unpack the whole zip (right-click it, Extract All) and start install.cmd there."
goto failed
:no_target
set "WHY=Windows names no folder for your programs' data: open a command prompt here and type install.cmd C:\factor"
goto failed
:excel_is_open
set "WHY=Excel is running and holds files that must be replaced: close every Excel window, then start install.cmd again."
goto failed
:no_python
set "WHY=There is no Python 3.11 or newer: install Python (64-bit) from python.org with its py launcher, then start install.cmd again."
goto failed
:store_python
set "WHY=The only Python here is from the Microsoft Store, whose files Excel cannot see: install Python (64-bit) from python.org, then start install.cmd again."
goto failed
:python_of_32_bits
set "WHY=The only Python here is a 32-bit one, for which some packages do not exist: install Python (64-bit) from python.org, then start install.cmd again."
goto failed
:no_environment
set "WHY=The Python environment could not be made: close every program that uses it, or choose another folder by typing install.cmd C:\factor"
goto failed
:no_packages
set "WHY=The packages could not be installed: check the internet connection (and your company's proxy), then start install.cmd again."
goto failed
:no_addin
set "WHY=Excel's add-in could not be put in place: the sentence above says why; mend that, then start install.cmd again."
goto failed
:doctor_found
set "WHY=factor-udfs is installed, but the check above found a problem: do what stands after each arrow."
goto failed

:failed
echo.
echo %WHY%
pause
exit /b 1
