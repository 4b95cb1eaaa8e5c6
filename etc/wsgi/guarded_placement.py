# Placement with the proxy's chain around it, in one process. See docs/in-process.md.
#
# Serve `guarded_placement:application` where you would serve `placement.wsgi.api:application`.
# Placement's configuration is found as ever (OS_PLACEMENT_CONFIG_DIR), the proxy's as for any other
# server (POLICY_PROXY_CONFIG_FILE, or else /etc/policy-proxy/policy-proxy.conf).
from placement.wsgi.api import application as placement

from policy_proxy.wsgi import filter_factory

application = filter_factory({})(placement)
