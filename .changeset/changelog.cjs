// How `changeset version` writes the CHANGELOG.md of a package: the texts of the changesets as they are, and one line for
// all packages of this repository that it now uses. The commits are in git.

/** @param {{ summary: string }} changeset */
const getReleaseLine = async ({ summary }) => {
  const [first, ...rest] = summary.trim().split('\n');
  return [`- ${first}`, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
};

/**
 * @param {unknown} _changesets
 * @param {readonly { name: string, newVersion: string }[]} dependencies
 */
const getDependencyReleaseLine = async (_changesets, dependencies) =>
  dependencies.length === 0
    ? ''
    : `- It uses ${dependencies.map(({ name, newVersion }) => `${name.replace('@discogs-extractor/', '')} ${newVersion}`).join(', ')}.`;

module.exports = { getReleaseLine, getDependencyReleaseLine };
