"""How the documentation is built: `make docs`. Nothing is asked of the network."""

import logging
import sys
from pathlib import Path

_HERE = Path(__file__).parent
for source_root in ("..", "../hub_config", "../extensions", "../widgets", "_ext"):
    sys.path.insert(0, str((_HERE / source_root).resolve()))

from skydesk import __version__  # noqa: E402 - the path is set above

project = "SkyDesk"
author = "The SkyDesk authors"
project_copyright = "The SkyDesk authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "skydesk_tables"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its plugins when it is imported

default_role = "py:obj"

html_theme = "furo"
html_title = f"SkyDesk {__version__}"
