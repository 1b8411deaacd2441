"""What the groups of the policy that ships grant."""

from skydesk.access import default_policy

VIEWS = {name: group.entitlements for name, group in default_policy().groups.items()}
