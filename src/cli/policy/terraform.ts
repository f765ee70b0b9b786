/** A ruleset as Terraform (HCL) for GitHub's provider, with the reasons as comments. */

import { CHECK_NAME } from "../../domain/values/check-name.ts";
import { LEFT_OFF, type Ruleset } from "../../domain/protection/ruleset.ts";

/** Prints the resource. `repository`: for one repository, null: for all of the organisation's. */
export function terraformOf(ruleset: Ruleset, appId: number, repository: string | null): string {
  const { ref_name: refs, repository_name: repositories } = ruleset.conditions;
  const kind = repository === null ? "github_organization_ruleset" : "github_repository_ruleset";
  return `# The rules by which GitHub prevents changes without Countersign's check.
resource "${kind}" "${CHECK_NAME}" {
${repository === null ? "" : `  repository  = ${quoted(repository)}\n`}  name        = ${quoted(ruleset.name)}
  target      = ${quoted(ruleset.target)}
  enforcement = ${quoted(ruleset.enforcement)}

  # No bypass_actors: nobody may bypass the rules. In an emergency an owner grants it, which is recorded.

  conditions {
    ref_name {
      include = ${list(refs.include)}
      exclude = ${list(refs.exclude)}
    }
${repositories === undefined ? "" : `    repository_name {\n      include = ${list(repositories.include)}\n      exclude = ${list(repositories.exclude)}\n    }\n`}  }

  rules {
    deletion         = true
    non_fast_forward = true

    pull_request {
${settings("pull_request", ["required_approving_review_count", "dismiss_stale_reviews_on_push", "require_last_push_approval", "require_code_owner_review", "required_review_thread_resolution"])}
    }

    required_status_checks {
${settings("required_status_checks", ["strict_required_status_checks_policy", "do_not_enforce_on_create"])}

      # Pinned to the App: without integration_id anyone with write permission can post a check of this name.
      required_check {
        context        = ${quoted(CHECK_NAME)}
        integration_id = ${appId}
      }
    }
  }
}`;

  function settings(type: string, names: readonly string[]): string {
    const parameters = ruleset.rules.find((rule) => rule.type === type)?.parameters ?? {};
    return names
      .map((name) => {
        const because = LEFT_OFF.find(({ setting }) => setting.startsWith(`${name} `))?.because ?? "";
        return `      # ${capital(because)}.\n      ${name} = ${JSON.stringify(parameters[name])}`;
      })
      .join("\n");
  }
}

/** Prints a string of HCL, in which `${` and `%{` would begin a template. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/gu, "$&$&");
}

function list(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(", ")}]`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
