# The server of deploy/compose.yaml: MLflow, its driver and its accounts, at the versions that the tests run with.
FROM python:3.12.11-slim-bookworm

COPY constraints.txt /tmp/constraints.txt
RUN python -m pip install --no-cache-dir --disable-pip-version-check --constraint /tmp/constraints.txt \
    mlflow pg8000 flask-wtf

# Not root: the volume of artifacts belongs to this user.
RUN useradd --system --no-create-home mlflow && install -d -o mlflow -g mlflow /artifacts
USER mlflow
WORKDIR /tmp
EXPOSE 5000
