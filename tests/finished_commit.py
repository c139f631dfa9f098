"""A commit of which GitHub knows only good."""

from fake_github import HOST, GitHub

__all__ = ["fill"]


def fill(github: GitHub, repo: str, commit: str) -> None:
    """A pull request whose checks are green, with an approval and what CI uploaded."""
    there = github.repos[repo]
    required = {"required_status_checks": [{"context": "gate"}]}
    rules = [
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
        {"type": "required_status_checks", "parameters": required},
    ]
    github.ruleset(repo, {"name": "main", "rules": rules})
    there.pulls.append(
        {
            "number": 1,
            "node_id": "PR_1",
            "html_url": f"https://{HOST}/{repo}/pull/1",
            "state": "open",
            "merged_at": None,
            "draft": False,
            "title": "t",
            "body": "",
            "base": {"ref": "main"},
            "head": {"ref": "topic", "label": "o:topic", "sha": commit},
        }
    )
    there.checks[commit] = [
        {"name": "gate", "status": "completed", "conclusion": "success"},
        {"name": "codecov", "status": "completed", "conclusion": "neutral"},
    ]
    there.statuses[commit] = [{"context": "docs", "state": "success"}]
    there.reviews[1] = [{"user": {"login": "ada"}, "state": "APPROVED", "commit_id": commit}]
    there.decisions[1] = "APPROVED"
    run = {"id": 7, "path": ".github/workflows/ci.yml", "head_sha": commit, "status": "completed"}
    url = f"https://{HOST}/{repo}/actions/runs/7"
    there.ci_runs.append({**run, "conclusion": "success", "html_url": url})
    for name in (*(f"unit-py3.{minor}" for minor in range(11, 16)), "lint_types"):
        there.uploads.setdefault(7, []).append({"name": name, "expired": False, "size_in_bytes": 9})
