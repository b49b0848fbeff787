"""Prepare the test process for its version of Home Assistant.

Loaded by `-p` before any other plugin:

- Home Assistant replaces voluptuous (2026.9) and httpx (2026.11) when it is imported. It
  does not start if a plugin has imported them before.
- The newest test kit imports a helper from `components.logger`. 2026.11 has moved it to
  `components.logger.helpers`.
- The packages for speech need a compiler. Some versions import them when a conversation is
  set up, so mocks replace them.
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
    """Finds the logger component, and adds the helper that was moved."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None) -> ModuleSpec | None:
        """Return the usual spec, which adds the helper when the module is executed."""
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
