// Makes the pictures of docs/page.md anew: node screenshots.js FOLDER

import { join } from "node:path";

import { launch, newPage, open, verdict } from "./browser.js";
import { newKey, startLog, submitCertified, submitStatement, submitV2 } from "./log.js";

const [folder = "../../docs/page"] = process.argv.slice(2);
const [log, browser] = await Promise.all([startLog(), launch()]);
const GITHUB = "https://token.actions.githubusercontent.com";

try {
  for (const [repository, version] of [["app", "1.4.0"], ["app", "1.4.1"], ["site", "7"]]) {
    const url = `https://github.com/acme/${repository}`;
    await submitCertified(log, {
      uris: [`${url}/.github/workflows/release.yml@refs/tags/v${version}`],
      claims: {
        8: GITHUB, 9: `${url}/.github/workflows/release.yml@refs/tags/v${version}`, 12: url,
        13: "9fceb02d0ae598e95dc970b74767f19372d61af8", 14: `refs/tags/v${version}`, 20: "push",
        21: `${url}/actions/runs/1234567/attempts/1`,
      },
      authority: "sigstore-intermediate",
    }, `${repository} ${version}`);
  }
  for (const name of ["notes", "image", "chart"]) await submitV2(log, newKey(), name);
  await submitStatement(log, newKey(), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "pkg:npm/left-pad@1.3.0", digest: { sha256: "ab".repeat(32) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {},
  });
  const page = await newPage(browser, { viewport: { width: 1080, height: 760 } });
  await open(page, log.url, "#/keys");
  await page.fill("#given", log.v2.key);
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByText(/kept\.$/).waitFor();
  await open(page, log.url, "#/search?q=repository:https://github.com/acme/*%20since:7d");
  await page.locator(".hit").first().waitFor();
  await page.screenshot({ path: join(folder, "search.png") });
  await page.setViewportSize({ width: 1080, height: 1180 });
  await open(page, log.url, `#/entry/${log.v2.head.treeId}/1`);
  await verdict(page);
  await page.screenshot({ path: join(folder, "entry.png") });
} finally {
  await browser.close();
  await log.stop();
}
