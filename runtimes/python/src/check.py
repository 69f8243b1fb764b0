"""Tells what this Python is and has, for the one who looks for it. With a directory, compiles the modules in it."""
import importlib.util
import json
import sys


def selenium_version():
    if importlib.util.find_spec("selenium") is None:
        return ""
    from importlib import metadata

    try:
        return metadata.version("selenium")
    except metadata.PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import compileall
        import py_compile

        compileall.compile_dir(sys.argv[1], quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    json.dump({"version": list(sys.version_info[:3]), "selenium": selenium_version()}, sys.stdout)
