"""The contract of front-ends and the extraction of source layers into OpenVINO ops."""
