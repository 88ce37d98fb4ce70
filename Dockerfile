# The program and what it needs, no tests and no build tools: docker build -t regime .
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
# The versions of the lock, as constraints: it holds the tools of the tests too, which are not installed.
RUN grep -E '^[a-z0-9-]+==' requirements.lock | sed 's/ \\$//' > versions.txt \
 && python -m venv /opt/regime \
 && /opt/regime/bin/pip install --no-cache-dir --constraint versions.txt '.[notify]'

FROM python:3.12-slim
# LightGBM's OpenMP
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/regime /opt/regime
RUN useradd --create-home --uid 1000 regime && mkdir /data && chown regime /data
USER regime
ENV PATH=/opt/regime/bin:$PATH REGIME_HOME=/data/home MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
VOLUME /data
ENTRYPOINT ["regime"]
CMD ["--help"]
