# DiffIR Studio on processors, for one machine: docker compose up, or
#   docker build -t diffir-studio . && docker run --rm -p 127.0.0.1:7860:7860 diffir-studio
FROM python:3.12-slim AS packages
RUN pip install --no-cache-dir "uv>=0.9,<1"
COPY requirements.lock .
# PyTorch's build without CUDA, which would be several GB. What only serves to compile against libraries, and their own
# tests, is left behind.
RUN uv venv /venv \
    && uv pip install --python /venv --no-cache --torch-backend=cpu "torch==2.14.1" -r requirements.lock \
    && rm -rf /venv/lib/python3.12/site-packages/torch/include \
    && find /venv -type d \( -name __pycache__ -o -name tests \) -prune -exec rm -rf {} +

FROM python:3.12-slim
RUN useradd --uid 1000 --create-home studio && mkdir /data && chown studio /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY LICENSE app.py ./
COPY checkpoints checkpoints
COPY examples examples
COPY diffir_demo diffir_demo
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/data
USER 1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["python", "app.py"]
