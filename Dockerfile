# The environment is made once, from exact versions with hashes, and copied into a clean image.
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/quarterdeck
RUN python -m venv /opt/venv
COPY requirements-runtime.lock ./
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r requirements-runtime.lock
COPY . ./
RUN /opt/venv/bin/pip install --no-index --no-deps --no-build-isolation --editable . \
    && /opt/venv/bin/python -m compileall -q /opt/quarterdeck

FROM python:3.12-slim-bookworm
# Everything that is written goes to /data (a volume) and /tmp, so the rest may be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    QUARTERDECK_DATA=/data \
    MPLCONFIGDIR=/data/matplotlib
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin quarterdeck \
    && install --directory --mode 700 --owner quarterdeck --group quarterdeck /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/quarterdeck /opt/quarterdeck
USER 10001
WORKDIR /data
# matplotlib looks at every font once. A new volume begins as a copy of this folder, with its list.
RUN python -c "import charts; charts.warm()"
VOLUME /data
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["quarterdeck", "check", "fast"]
ENTRYPOINT ["quarterdeck"]
CMD ["up"]
