"""Finds and loads the canary's script."""
import glob
import importlib
import importlib.util
import os
import sys


class LoadError(Exception):
    """Why the script cannot be called."""


def parse_handler(handler):
    """Splits folder/file.fn into the file, without its ending, and the function. Dots may part folders too."""
    path, _, name = handler.replace("::", ".").rpartition(".")
    if not path or not name:
        raise LoadError(f'The handler "{handler}" is not of the form file.function')
    return path.replace(".", "/"), name


def _roots(setup):
    roots = [os.path.join(setup["code"], "python")]
    if setup["rootLevelCode"]:
        roots.append(setup["code"])
    return roots


def prepare_path(setup):
    """Puts the code and the packages that came with it where import looks."""
    paths = [p for root in _roots(setup) for p in (root, *sorted(glob.glob(f"{glob.escape(root)}/lib/python3*/site-packages")))]
    paths += [p for p in os.environ.get("PYTHONPATH", "").split(":") if p]
    own = 1  # the library comes first: a copy in the archive is not ours
    sys.path[own:own] = [p for p in paths if os.path.isdir(p)]


def load_handler(setup):
    """Loads the script and returns its function."""
    file, name = parse_handler(setup["event"]["customerCanaryHandlerName"])
    if setup["handlerOnly"] and name != "handler":
        raise LoadError(f"The runtime {setup['runtimeVersion']} calls a function named handler, not {name}")
    roots = _roots(setup)
    found = next((p for p in (os.path.join(r, f"{file}.py") for r in roots) if os.path.isfile(p)), None)
    if found is None:
        where = "the folder python or the root" if setup["rootLevelCode"] else "the folder python"
        raise LoadError(f"Cannot find the canary script {file}.py in {where} of the code archive")
    function = getattr(_load(file, found), name, None)
    if not callable(function):
        raise LoadError(f"The canary script {os.path.basename(found)} has no function named {name}")
    return function


def _load(file, path):
    """Loads by the path: a script may have the name of a module of the standard library."""
    module_name = file.replace("/", ".")
    package = module_name.rpartition(".")[0]
    if package:
        importlib.import_module(package)
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    if module_name not in sys.stdlib_module_names:
        sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


def load_failure(err, setup):
    """The reason of a script that did not load: with the place, or with what to install; None for any other."""
    code = setup["code"]
    if isinstance(err, SyntaxError) and err.filename:
        place = os.path.relpath(err.filename, code) if err.filename.startswith(code) else err.filename
        return f"{type(err).__name__}: {err.msg} ({place}:{err.lineno})"
    if isinstance(err, ModuleNotFoundError) and err.name == "selenium" and setup["driverMissing"]:
        return f"{type(err).__name__}: {err}: {setup['driverMissing']}"
    return None
