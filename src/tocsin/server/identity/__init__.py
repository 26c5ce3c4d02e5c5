"""How people show the pages who they are: what passkeys, providers and codes have in common, apart from the pages that ask for them."""
