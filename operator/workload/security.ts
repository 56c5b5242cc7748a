/**
 * The security context of every pod that is made here: Kubernetes' `restricted` Pod Security Standard, which no field
 * of a custom resource can weaken.
 */

/** The user of the product's own images; other images are run as it too. */
export const NON_ROOT_USER = 65532;

type Fields = Readonly<Record<string, unknown>>;

/** `fsGroup` lets the user read Secrets and write volumes. */
export const podSecurityContext = (): Fields => ({
  runAsNonRoot: true,
  runAsUser: NON_ROOT_USER,
  runAsGroup: NON_ROOT_USER,
  fsGroup: NON_ROOT_USER,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
});

export const containerSecurityContext = (options: { readonly readOnlyRootFilesystem: boolean }): Fields => ({
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: options.readOnlyRootFilesystem,
  capabilities: { drop: ['ALL'] },
});

/** Files of Secrets: for the owner and the group, as octal 0440. */
export const SECRET_FILE_MODE = 0o440;
