# The proxy as a script, for servers that want a file: uWSGI and Apache's mod_wsgi. It opens the
# proxy as it is loaded, so that what cannot start says so at once, and not to the first client.
from policy_proxy.wsgi import application

application.opened()
