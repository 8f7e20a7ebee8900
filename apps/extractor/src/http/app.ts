import { Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { secureHeaders } from 'hono/secure-headers';
import { describeError } from '../errors.js';
import { flatMetrics, health, isStandby, readinessProblems } from './health.js';
import { createMetrics } from './metrics.js';
import type { Page } from './page.js';
import type { ServiceView } from './service-view.js';
import { statusView } from './status-view.js';
import { addTriggerRoute, type TriggerOptions } from './trigger-route.js';

export interface AppOptions {
  readonly view: ServiceView;
  readonly page: Page;
  readonly trigger: TriggerOptions;
}

/** The policy of every response but the page: JSON and plain text need no resources and must not be framed. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** The routes. `HEAD` works wherever `GET` does. */
export const createApp = ({ view, page, trigger }: AppOptions): Hono => {
  const app = new Hono();
  const metrics = createMetrics(view);

  app.use(secureHeaders({ strictTransportSecurity: false, xXssProtection: false, xFrameOptions: 'DENY' }));
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
    if (!context.res.headers.has('Content-Security-Policy')) context.header('Content-Security-Policy', API_POLICY);
  });

  app.get('/health', (context) => context.json(health(view, Date.now())));
  app.get('/ready', (context) => {
    const reasons = readinessProblems(view);
    return reasons.length === 0
      ? context.json({ status: 'ready' })
      : context.json({ status: isStandby(view) ? 'standby' : 'not_ready', reasons }, 503);
  });
  app.get('/metrics', async (context) => {
    context.header('Vary', 'Accept');
    const type = accepts(context, {
      header: 'Accept',
      supports: ['text/plain', 'application/json'],
      default: 'text/plain',
    });
    if (type === 'application/json') return context.json(flatMetrics(view));
    return context.body(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType });
  });
  app.get('/status', (context) =>
    context.json(statusView(view, { canTrigger: trigger.token !== undefined }, Date.now())),
  );
  app.get('/', (context) => context.html(page.html, 200, { 'Content-Security-Policy': page.policy }));
  addTriggerRoute(app, { ...trigger, isStandby: () => isStandby(view) });

  const methods: Readonly<Record<string, string>> = {
    '/': 'GET, HEAD',
    '/health': 'GET, HEAD',
    '/metrics': 'GET, HEAD',
    '/ready': 'GET, HEAD',
    '/status': 'GET, HEAD',
    '/trigger': 'POST',
  };
  app.notFound((context) => {
    const allowed = methods[context.req.path];
    return allowed === undefined
      ? context.json({ error: 'not found', paths: Object.keys(methods) }, 404)
      : context.json({ error: 'method not allowed' }, 405, { Allow: allowed });
  });
  app.onError((error, context) => {
    trigger.logger.error({ error: describeError(error) }, `❌ ${context.req.method} ${context.req.path} failed`);
    return context.json({ error: 'internal error; see the log' }, 500);
  });
  return app;
};
