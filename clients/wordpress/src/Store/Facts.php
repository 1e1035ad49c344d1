<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/** Small things that are remembered between runs. Not among the options: those are loaded with every page, and listed by other plugins. */
final class Facts
{
    private readonly string $table;

    public function __construct(private readonly \wpdb $database)
    {
        $this->table = $database->prefix . Tables::FACTS;
    }

    public function get(string $name): ?string
    {
        return $this->database->get_var($this->database->prepare("SELECT value FROM `$this->table` WHERE name = %s", $name));
    }

    public function set(string $name, #[\SensitiveParameter] ?string $value): void
    {
        if ($value === null) {
            $this->database->query($this->database->prepare("DELETE FROM `$this->table` WHERE name = %s", $name));
            return;
        }
        $statement = "INSERT INTO `$this->table` (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = VALUES(value)";
        if ($this->database->query($this->database->prepare($statement, $name, $value)) === false) {
            throw new DatabaseFailed($this->database->last_error);
        }
    }
}
