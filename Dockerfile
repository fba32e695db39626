# One image for every command: `bot serve`, `bot migrate`, `bot ingest` …
FROM python:3.11.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PATH=/srv/answerdesk/.venv/bin:$PATH
WORKDIR /srv/answerdesk
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY migrations migrations
# torch first and on its own, without CUDA: asked for through another package it would bring gigabytes of that.
RUN python -m venv .venv \
    && pip install --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' constraints.txt)" \
    && pip install --constraint constraints.txt --editable . \
    && useradd --system --uid 10001 --home-dir /data answerdesk \
    && install -d -o answerdesk -g answerdesk /data
USER answerdesk
VOLUME /data
EXPOSE 8000
CMD ["bot", "serve"]
