/** A manifest of the RabbitMQ Cluster Operator, as far as tests look at it. */
export interface RabbitmqCluster {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly rabbitmq: { readonly additionalPlugins: readonly string[]; readonly additionalConfig: string };
    readonly affinity?: object;
    readonly tolerations?: object;
    readonly resources?: object;
  };
}

const text = { type: 'string' } as const;
const texts = { type: 'object', additionalProperties: text } as const;
const object = <T extends object>(properties: T) =>
  ({ type: 'object', additionalProperties: false, properties }) as const;
const seconds = { type: 'integer', minimum: 0 } as const;

/**
 * The schema of `rabbitmq.com/v1beta1` `RabbitmqCluster`: which fields there are, their types and limits. It is written
 * after the API reference of the RabbitMQ Cluster Operator (version 2), since no package to install has the operator's
 * custom resource definition. The fields that the manifest here uses were compared with that definition
 * (`config/crd/bases/rabbitmq.com_rabbitmqclusters.yaml` in the operator's repository).
 * Unlike that definition, which removes unknown fields silently, it refuses them. What it leaves open is of Kubernetes itself (`affinity`, `tolerations`,
 * `resources`), which the test checks with the schemas of Kubernetes, or not used here (`override`, `secretBackend`).
 */
export const RABBITMQ_CLUSTER_SCHEMA = {
  ...object({
    apiVersion: { const: 'rabbitmq.com/v1beta1' },
    kind: { const: 'RabbitmqCluster' },
    metadata: object({ name: { type: 'string', pattern: '^[a-z][-a-z0-9]*$' }, namespace: text, labels: texts }),
    spec: object({
      replicas: { type: 'integer', minimum: 0 },
      image: text,
      imagePullSecrets: { type: 'array', items: object({ name: text }) },
      service: object({
        type: { enum: ['ClusterIP', 'LoadBalancer', 'NodePort'] },
        annotations: texts,
        labels: texts,
        ipFamilyPolicy: { enum: ['SingleStack', 'PreferDualStack', 'RequireDualStack'] },
      }),
      persistence: object({ storageClassName: text, storage: { type: 'string', pattern: '^[0-9]+([kMGT]i?)?$' } }),
      resources: { type: 'object' },
      affinity: { type: 'object' },
      tolerations: { type: 'array', items: { type: 'object' } },
      rabbitmq: object({
        additionalPlugins: {
          type: 'array',
          maxItems: 100,
          items: { type: 'string', pattern: '^\\w+$', maxLength: 100 },
        },
        additionalConfig: { type: 'string', maxLength: 2000 },
        advancedConfig: { type: 'string', maxLength: 100_000 },
        envConfig: { type: 'string', maxLength: 100_000 },
        erlangInetConfig: { type: 'string', maxLength: 2000 },
      }),
      tls: object({ secretName: text, caSecretName: text, disableNonTLSListeners: { type: 'boolean' } }),
      override: { type: 'object' },
      secretBackend: { type: 'object' },
      skipPostDeploySteps: { type: 'boolean' },
      terminationGracePeriodSeconds: seconds,
      delayStartSeconds: seconds,
      autoEnableAllFeatureFlags: { type: 'boolean' },
      disableDefaultTopologySpreadConstraints: { type: 'boolean' },
    }),
  }),
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
} as const;
