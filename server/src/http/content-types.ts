export const JSON_CONTENT_TYPE = 'application/json; charset=utf-8';

/** Text format of Prometheus. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
export const CSV_CONTENT_TYPE = 'text/csv; charset=utf-8';
