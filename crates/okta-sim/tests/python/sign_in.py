"""Signs in with Okta's own client as a service app, reads the org, and prints what it saw as JSON.

Needs the environment variables OKTA_SIM_URL, OKTA_SIM_CLIENT_ID, OKTA_SIM_KEY_ID, OKTA_SIM_KEY (path of a PEM file),
OKTA_SIM_DPOP ("true" or "false"), and SSL_CERT_FILE for the certificate authority.
"""

import asyncio
import json
import os

from okta.client import Client


async def main():
    client = Client({
        "orgUrl": os.environ["OKTA_SIM_URL"],
        "authorizationMode": "PrivateKey",
        "clientId": os.environ["OKTA_SIM_CLIENT_ID"],
        "scopes": ["okta.users.read", "okta.groups.read"],
        "privateKey": os.environ["OKTA_SIM_KEY"],
        "kid": os.environ["OKTA_SIM_KEY_ID"],
        "dpopEnabled": os.environ["OKTA_SIM_DPOP"] == "true",
    })
    users, _, error = await client.list_users(search="status pr", limit=50)
    if error is not None:
        raise SystemExit(f"users: {error}")
    groups, _, error = await client.list_groups()
    if error is not None:
        raise SystemExit(f"groups: {error}")
    # Without the scope for it.
    await client.list_applications()
    print(json.dumps({"users": len(users), "groups": len(groups)}))


asyncio.run(main())
