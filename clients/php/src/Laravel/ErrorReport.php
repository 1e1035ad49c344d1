<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Contracts\Container\Container;
use Illuminate\Database\QueryException;
use Psr\Log\LoggerInterface;

/** Tells people of errors that must not stop the application. What is told has no values of records. */
final class ErrorReport
{
    public function __construct(private readonly Container $container)
    {
    }

    public function tell(string $what, \Throwable $error): void
    {
        $sentence = "cognate: $what: " . self::words($error);
        try {
            if ($this->container->bound(LoggerInterface::class)) {
                $this->container->make(LoggerInterface::class)->error($sentence);
                return;
            }
            if ($this->container->bound('log')) {
                $this->container->make('log')->error($sentence);
                return;
            }
        } catch (\Throwable) {
            // A logger that fails is no reason to fail.
        }
        error_log($sentence);
    }

    /** An error without the values that databases put into theirs. */
    public static function words(\Throwable $error): string
    {
        if ($error instanceof \PDOException || $error instanceof QueryException) {
            $info = $error->errorInfo ?? [];
            $first = strtok((string) ($info[2] ?? ''), "\n");
            // PostgreSQL's and MySQL's sentences quote values: of these only what has none is shown.
            $safe = $first !== false && preg_match('/^(no such table|UNIQUE constraint failed|NOT NULL constraint failed|FOREIGN KEY constraint failed|database is locked|ERROR:  relation "[^"]*" does not exist|Table \'[^\']*\' doesn\'t exist)/', $first) === 1;
            return 'the database answered ' . ($error->getCode() ?: ($info[0] ?? 'with an error')) . ($safe ? " ($first)" : '');
        }
        $where = $error instanceof \Error ? ' (' . basename($error->getFile()) . ':' . $error->getLine() . ')' : '';
        return mb_substr($error->getMessage(), 0, 500) . $where;
    }

    /** Deadlocks and their like: whoever began the transaction can do it again. */
    public static function asksForRepetition(\Throwable $error): bool
    {
        $code = $error instanceof \PDOException || $error instanceof QueryException ? (string) $error->getCode() : '';
        return str_starts_with($code, '40') || stripos($error->getMessage(), 'deadlock') !== false;
    }
}
