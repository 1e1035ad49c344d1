<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\WordPress\Refused;

/** One model: how its records are found, read as the database has them now, and written through WordPress' own functions. */
interface Kind
{
    /** `post.page`, `user`, `term.category`. */
    public function name(): string;

    /** @return array<string, Field> by name; the key first */
    public function fields(): array;

    /**
     * The fields by which records of several platforms may be known to be the same.
     *
     * @return list<list<string>>
     */
    public function uniques(): array;

    /** The text by which people know a record. */
    public function title(): string;

    /**
     * The record as it travels; null: there is none, or it does not leave this site.
     *
     * @return array<string, mixed>|null by field
     */
    public function read(string $localId): ?array;

    /** Whether it is there at all, also in the trash. Nobody else changes it until the transaction ends, and no cache has it any more. */
    public function lock(string $localId): bool;

    /**
     * Makes it, or changes what is listed of it.
     *
     * @param string|null $localId null: a new one
     * @param array<string, mixed> $values by field
     * @return string its local id
     * @throws Refused
     */
    public function write(?string $localId, array $values): string;

    /** @throws Refused */
    public function delete(string $localId): void;

    /**
     * @param array<string, mixed> $values by field; all of them fit
     * @return list<string> local ids, a few at most
     */
    public function find(array $values): array;

    /** @return list<string> local ids of records that may travel, in an order of their own, behind that one */
    public function page(string $after, int $limit): array;

    /** What is done once the record is committed, and again until it is done: pictures in other sizes. */
    public function finish(string $localId): void;
}
