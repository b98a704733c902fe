-- Tags of RAM roles and custom policies. Neither can be renamed; tags go with what they are on.
CREATE TABLE role_tags (
    account_id TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (account_id, folded_name, tag_key),
    FOREIGN KEY (account_id, folded_name) REFERENCES roles (account_id, folded_name) ON DELETE CASCADE
);
CREATE TABLE policy_tags (
    account_id TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (account_id, folded_name, tag_key),
    FOREIGN KEY (account_id, folded_name) REFERENCES policies (account_id, folded_name) ON DELETE CASCADE
);
