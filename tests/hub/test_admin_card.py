from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jupyterhub._data import DATA_FILES_PATH
from traitlets.config import Config

from skydesk_hub.config import add_skydesk

HUBS_OWN = Path(DATA_FILES_PATH) / "templates"


def test_the_hubs_admin_page_has_a_card_that_leads_to_ours_above_its_own() -> None:
    c = Config()
    c.JupyterHub.template_paths = ["/srv/templates"]
    add_skydesk(c, service_url="http://127.0.0.1:10180")
    assert c.JupyterHub.template_paths[0] == "/srv/templates"
    # as jupyterhub.app.JupyterHub.init_tornado_settings loads them
    own = FileSystemLoader(str(HUBS_OWN))
    loader = ChoiceLoader([PrefixLoader({"templates": own}), FileSystemLoader([*c.JupyterHub.template_paths, str(HUBS_OWN)])])
    page = Environment(loader=loader, autoescape=True).get_template("admin.html")
    html = page.render(prefix="/base/", base_url="/base/hub/", static_url=lambda path, **_: f"/static/{path}", user=None)
    assert html.index('href="/base/services/skydesk/admin"') < html.index("react-admin-hook")
