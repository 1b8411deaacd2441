"""What a JupyterHub needs to know to give its users SkyDesk."""
