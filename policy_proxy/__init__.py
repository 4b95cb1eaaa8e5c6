"""An access-control proxy in front of the OpenStack Placement API."""
