"""The REST interface under `/api/v1/`: one table of routes (`table`), from which the application and its OpenAPI document are made."""
