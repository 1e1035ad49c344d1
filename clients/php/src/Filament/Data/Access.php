<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Illuminate\Auth\Access\AuthorizationException;
use Illuminate\Contracts\Auth\Access\Gate;
use Illuminate\Contracts\Container\Container;

/**
 * Who may see the screens, and who may act on them: the abilities `cognate.view` and `cognate.manage` of the application's gate.
 * An ability that nobody has defined is denied.
 */
final class Access
{
    public const VIEW = 'cognate.view';
    public const MANAGE = 'cognate.manage';

    public function __construct(private readonly Container $container)
    {
    }

    /** Whoever may act may look, too. */
    public function mayView(): bool
    {
        return $this->allows(self::VIEW) || $this->mayManage();
    }

    public function mayManage(): bool
    {
        return $this->allows(self::MANAGE);
    }

    /** Asked by everything that changes something, whatever the screen has shown. */
    public function requireManage(): void
    {
        if (!$this->mayManage()) {
            throw new AuthorizationException(Words::of('denied', ['ability' => self::MANAGE]));
        }
    }

    private function allows(string $ability): bool
    {
        return $this->container->bound(Gate::class) && $this->container->make(Gate::class)->allows($ability);
    }
}
