"""Settings of the documentation: `make docs` builds it, without a network, into docs/_build/html."""

import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from inventory import write_inventory  # noqa: E402

import skann  # noqa: E402

project, author = "skann", "The skann developers"
copyright = "The skann developers"
version = release = skann.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "pages",
    "pictures",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/**.py", "**/sg_execution_times.rst", "sg_execution_times.rst"]
default_role = "py:obj"  # names between single backticks in docstrings are links where there is a page

toc_object_entries_show_parents = "hide"

# Docstrings
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say more
autodoc_mock_imports = ["dask", "distributed"]  # skann.dask needs them to be imported, its documentation does not
numpydoc_show_class_members = False  # the template lists them
numpydoc_class_members_toctree = False

# Pages in Markdown, as GitHub reads them
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 4

# Other sites: their inventories hold no more than the names that docstrings refer to, so that nothing is fetched.
intersphinx_mapping = {
    "sklearn": ("https://scikit-learn.org/stable", write_inventory(HERE / "inventories" / "scikit-learn.txt"))
}

html_math_renderer = "mathml"

# Gallery
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"quickstart",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skann",),
    "reference_url": {"skann": None},
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "plot_gallery": "True",
}
warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")

# Appearance
html_theme = "pydata_sphinx_theme"
html_title = "skann"
html_static_path = ["_static"]
html_css_files = ["skann.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "install": [], "tour": [], "glossary": [], "changelog": [], "performance": []}
html_sidebars["benchmarks"] = []
html_theme_options = {
    "logo": {"text": "skann"},
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
