"""Prepare the test process for the Home Assistant that it runs.

Loaded by `-p` before any other plugin:

- Home Assistant puts shims in place of voluptuous (2026.9) and httpx (2026.11)
  when it is imported, and refuses to start when they were imported before it,
  which a plugin of the kit would do.
- The newest kit looks for a helper where 2026.10 had it; 2026.11 moved it from
  `components.logger` to `components.logger.helpers`.
- The packages that process speech need a compiler. No test uses them, but some versions
  import them when a conversation is set up: mocks stand in for them.
"""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
import sys
from types import ModuleType
from unittest.mock import MagicMock

import homeassistant  # noqa: F401

from .demo.launch import SPEECH

_LOGGER_COMPONENT = "homeassistant.components.logger"
_MOVED = "_clear_logger_overwrites"


class _LoggerFinder(PathFinder):
    """Find the logger component, and give it back the helper that moved."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None) -> ModuleSpec | None:
        """Return the usual spec, with one step more when the module is executed."""
        if fullname != _LOGGER_COMPONENT:
            return None
        spec = super().find_spec(fullname, path, target)
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            helpers = import_module(f"{_LOGGER_COMPONENT}.helpers")
            if moved := getattr(helpers, _MOVED, None):
                setattr(module, _MOVED, moved)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _LoggerFinder)
sys.modules.update(dict.fromkeys(SPEECH, MagicMock()))
