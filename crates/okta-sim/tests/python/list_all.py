"""Lists all users, groups and apps of an org with Okta's own client, page by page, and prints their ids as JSON.

Needs the environment variables OKTA_SIM_URL, OKTA_SIM_TOKEN, and SSL_CERT_FILE for the certificate authority.
"""

import asyncio
import json
import os
import re
from urllib.parse import parse_qs, urlsplit

from okta.client import Client

NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


def cursor(headers):
    """The cursor of the next page. Of the lines of `Link` the client keeps the last, which is `next` if there is one."""
    match = NEXT.search(headers.get("Link", ""))
    return parse_qs(urlsplit(match.group(1)).query)["after"][0] if match else None


async def every(call, **arguments):
    ids, pages, after = [], 0, None
    while True:
        if after is not None:
            arguments["after"] = after
        objects, response, error = await call(**arguments)
        if error is not None:
            raise SystemExit(f"{call.__name__}: {error}")
        pages += 1
        ids += [item.id for item in objects]
        after = cursor(response.headers)
        if after is None:
            return {"ids": ids, "pages": pages}


async def main():
    client = Client({"orgUrl": os.environ["OKTA_SIM_URL"], "token": os.environ["OKTA_SIM_TOKEN"]})
    print(json.dumps({
        "users": await every(client.list_users, search="status pr", limit=50),
        "groups": await every(client.list_groups, limit=20),
        "apps": await every(client.list_applications, limit=10),
    }))


asyncio.run(main())
