<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/** A statement that did not work. WordPress' own database class says so by its answer alone, which is easily passed over. */
final class DatabaseFailed extends \RuntimeException
{
    public function __construct(string $error)
    {
        parent::__construct('the database: ' . ($error === '' ? 'it does not answer' : $error));
    }

    /**
     * @template T
     * @param T|null $answer
     * @return T|array{}
     */
    public static function check(\wpdb $database, mixed $answer): mixed
    {
        if ($database->last_error !== '') {
            throw new self($database->last_error);
        }
        return $answer ?? [];
    }
}
