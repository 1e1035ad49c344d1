"""Programs and directories of tests: whatever ends the tests, these end with them."""
import atexit
import os
import shutil
import signal
import subprocess
import tempfile

_processes = []
_directories = []


def spawn(command, **options):
    process = subprocess.Popen(command, **options)
    _processes.append(process)
    return process


def make_directory(prefix):
    _directories.append(tempfile.mkdtemp(prefix=prefix))
    return _directories[-1]


def end_all():
    for process in _processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    for directory in _directories:
        shutil.rmtree(directory, ignore_errors=True)


def _terminated(*_):
    end_all()
    os._exit(128 + signal.SIGTERM)  # The framework would take an exception for a failure, and go on.


def watch():
    atexit.register(end_all)
    signal.signal(signal.SIGTERM, _terminated)
