"""What is wrong with a policy, or worth a look, before it is in force."""
