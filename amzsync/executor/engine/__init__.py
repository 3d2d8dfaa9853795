"""Send requests at the pace the account allows, and judge the answers. It knows no script and no product."""
