<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\V1\OutcomeStatus;

/** Why a delivery was not written, as the hub is told. No value of the record is in it. */
final class Refused extends \RuntimeException
{
    private function __construct(
        public readonly int $status,
        public readonly string $reason,
        string $message,
        public readonly string $field = '',
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
    }

    /** The same content will never be taken. */
    public static function rejected(string $reason, string $message, string $field = ''): self
    {
        return new self(OutcomeStatus::OUTCOME_STATUS_REJECTED, $reason, $message, $field);
    }

    /** Not now. */
    public static function failed(string $reason, string $message, string $field = ''): self
    {
        return new self(OutcomeStatus::OUTCOME_STATUS_FAILED, $reason, $message, $field);
    }

    public static function skipped(string $reason, string $message): self
    {
        return new self(OutcomeStatus::OUTCOME_STATUS_SKIPPED, $reason, $message);
    }

    public static function conflict(string $reason, string $message): self
    {
        return new self(OutcomeStatus::OUTCOME_STATUS_CONFLICT, $reason, $message);
    }

    public static function unauthenticated(string $reason, string $message): self
    {
        return new self(OutcomeStatus::OUTCOME_STATUS_UNAUTHENTICATED, $reason, $message);
    }

    /** What WordPress answers instead of an id. */
    public static function ofWordPress(\WP_Error $error): self
    {
        $code = (string) $error->get_error_code();
        return match ($code) {
            'existing_user_login' => self::rejected('UNIQUE_VIOLATION', 'another user has this name', 'user_login'),
            'existing_user_email' => self::rejected('UNIQUE_VIOLATION', 'another user has this address', 'user_email'),
            'term_exists', 'duplicate_term_slug' => self::rejected('UNIQUE_VIOLATION', 'another term of the taxonomy has this slug', 'slug'),
            'db_insert_error', 'db_update_error', 'could_not_add', 'could_not_update' => self::failed('DATABASE_FAILED', 'WordPress could not write it'),
            default => self::rejected('REFUSED_BY_WORDPRESS', "WordPress refuses it: $code"),
        };
    }
}
