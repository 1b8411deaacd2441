"""A JupyterHub with SkyDesk on Kubernetes: what an operator adds to the hub's own configuration file."""

from skydesk_hub.config import add_labs, add_skydesk

c = get_config()  # noqa: F821  (JupyterHub defines it)

# Whoever logs in must get groups; the policy file says what each grants: `limited`, `default` and `advanced` in the one that ships.
c.OAuthenticator.manage_groups = True

# The hub starts the service on this address; labs reach it there with their own token.
add_skydesk(c, service_url="http://127.0.0.1:10180", service_environment={"SKYDESK_SURVEY": "/srv/skydesk/survey.toml"})

# Labs are pods, sized and lent for a time as the policy says. kind="local" makes them processes of this machine.
add_labs(c, service_url="http://127.0.0.1:10180", kind="kubernetes")
c.SkydeskKubeSpawner.home_storage = "10Gi"
c.SkydeskKubeSpawner.jobs_claim = "skydesk-jobs"
