# Says which variant of iptables works in containers on this machine, and makes it the one that is used.
ARG BASE
FROM ${BASE}
ARG VARIANT
RUN if [ "${VARIANT}" != none ]; then \
      update-alternatives --set iptables "/usr/sbin/iptables-${VARIANT}"; \
    fi
LABEL amnesia.iptables=${VARIANT}
