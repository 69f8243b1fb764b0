"""Changes modules when a script imports them, and costs nothing when it does not."""
import importlib.machinery
import sys

_waiting = {}


def after_import(name, change):
    """Calls change(module) when the module is there: now, or once it has been imported."""
    if name in sys.modules:
        change(sys.modules[name])
        return
    if not _waiting:
        sys.meta_path.insert(0, _Finder())
    _waiting.setdefault(name, []).append(change)


class _Finder:
    """Finds the modules that are waited for where everybody else finds them."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        changes = _waiting.pop(name, None)
        if changes is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            _waiting[name] = changes
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            for change in changes:
                change(module)

        spec.loader.exec_module = exec_module
        return spec
