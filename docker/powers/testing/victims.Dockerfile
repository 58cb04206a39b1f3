# Programs that lose data in well-known ways when the power fails, for the tests of the undo log.
ARG BASE
FROM ${BASE}
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends redis-server sqlite3 \
 && rm -rf /var/lib/apt/lists/*
COPY scenarios.mjs traffic.mjs /scenarios/
