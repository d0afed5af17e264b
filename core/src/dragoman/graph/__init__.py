"""The graph that both sides share: source models as read, and OpenVINO ops."""
