<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Exceptions\DeliveryConflict;
use Cognate\Laravel\Exceptions\DeliveryFailed;
use Cognate\Laravel\Exceptions\DeliveryRefused;
use Cognate\Laravel\Exceptions\DeliveryRejected;
use Cognate\Laravel\Exceptions\DeliverySkipped;
use Cognate\Laravel\Exceptions\DeliveryUnauthenticated;
use Cognate\Laravel\Schema\Table;
use Cognate\V1\OutcomeStatus;
use Illuminate\Auth\AuthenticationException;
use Illuminate\Validation\ValidationException;

/** Why a delivery was not written, in the hub's words. No value of the record is in them. */
final class Refusals
{
    /** @return array{int, DeliveryRefused} an OutcomeStatus, and why */
    public static function of(\Throwable $error, Table $table): array
    {
        $refused = $error instanceof DeliveryRefused ? $error : self::understood($error, $table);
        return [match (true) {
            $refused instanceof DeliveryRejected => OutcomeStatus::OUTCOME_STATUS_REJECTED,
            $refused instanceof DeliveryConflict => OutcomeStatus::OUTCOME_STATUS_CONFLICT,
            $refused instanceof DeliverySkipped => OutcomeStatus::OUTCOME_STATUS_SKIPPED,
            $refused instanceof DeliveryUnauthenticated => OutcomeStatus::OUTCOME_STATUS_UNAUTHENTICATED,
            default => OutcomeStatus::OUTCOME_STATUS_FAILED,
        }, $refused];
    }

    private static function understood(\Throwable $error, Table $table): DeliveryRefused
    {
        if ($error instanceof ValidationException) {
            $fields = array_keys($error->errors());
            return new DeliveryRejected('VALIDATION_FAILED', 'the application does not accept ' . implode(', ', $fields), (string) ($fields[0] ?? ''), null, $error);
        }
        if ($error instanceof AuthenticationException) {
            return new DeliveryUnauthenticated('UNAUTHENTICATED', 'the application wants somebody to be logged in', '', null, $error);
        }
        if (!$error instanceof \PDOException) {
            return new DeliveryFailed('APPLICATION_FAILED', 'the application failed with ' . get_class($error), '', null, $error);
        }
        $text = (string) ($error->errorInfo[2] ?? $error->getMessage());
        $state = (string) ($error->errorInfo[0] ?? $error->getCode());
        $column = self::column($text, $table);
        $named = $column === '' ? 'a column' : $column;
        return match (true) {
            self::isUnique($state, $text) => new DeliveryRejected('UNIQUE_VIOLATION', "another record of $table->name has the value of $named", $column, null, $error),
            $state === '23502' || str_contains($text, 'NOT NULL constraint failed') || str_contains($text, 'cannot be null') || str_contains($text, "doesn't have a default value")
                => new DeliveryRejected('NOT_NULL_VIOLATION', "$named of $table->name must have a value", $column, null, $error),
            $state === '23503' || stripos($text, 'foreign key') !== false
                => new DeliveryFailed('FOREIGN_KEY_VIOLATION', "a record that $table->name refers to is not here", $column, null, $error),
            $state === '22001' || str_contains($text, 'Data too long') => new DeliveryRejected('VALUE_TOO_LONG', "the value of $named is too long for $table->name", $column, null, $error),
            str_starts_with($state, '22') || $state === '23514' || stripos($text, 'CHECK constraint') !== false
                => new DeliveryRejected('INVALID_VALUE', "the database cannot take the value of $named", $column, null, $error),
            default => new DeliveryFailed('DATABASE_FAILED', ErrorReport::words($error), '', null, $error),
        };
    }

    private static function isUnique(string $state, string $text): bool
    {
        return $state === '23505' || str_contains($text, 'UNIQUE constraint failed') || str_contains($text, 'Duplicate entry');
    }

    private static function column(string $text, Table $table): string
    {
        // SQLite: `UNIQUE constraint failed: users.email`. PostgreSQL: `constraint "users_email_unique"`, `column "name"`. MySQL: `for key 'users.users_email_unique'`, `Column 'name'`.
        if (preg_match('/constraint failed: [^.\s]+\.(\w+)/', $text, $found) === 1 || preg_match('/column ["\'](\w+)["\']/i', $text, $found) === 1) {
            return $found[1];
        }
        foreach ($table->uniques as $name => $columns) {
            if (str_contains($text, (string) $name)) {
                return $columns[count($columns) - 1];
            }
        }
        return preg_match('/Key \((\w+)\)=/', $text, $found) === 1 ? $found[1] : '';
    }
}
