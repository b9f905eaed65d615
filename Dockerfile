# The service and the worker: the same image, started with `serve` or `work`. Installed by the same script as
# everywhere.
FROM python:3.13-slim AS build
WORKDIR /app
COPY . .
RUN scripts/setup && rm -rf tests benchmarks docs

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 ledger && mkdir /data && chown ledger:ledger /data
COPY --from=build /app /app
USER ledger
ENV PATH=/app/.venv/bin:$PATH AP_LEDGER_DATA=/data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["/app/scripts/container-start"]
CMD ["serve"]
